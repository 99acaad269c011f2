from planner.limits import *
