from planner.llm_talker import *
