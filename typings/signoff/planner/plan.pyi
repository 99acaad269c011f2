from planner.plan import *
