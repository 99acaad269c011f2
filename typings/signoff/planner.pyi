from planner import *
