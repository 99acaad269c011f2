from planner.schema import *
