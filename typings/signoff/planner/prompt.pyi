from planner.prompt import *
