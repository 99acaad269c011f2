from planner.completion import *
