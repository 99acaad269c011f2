from planner.llm import *
