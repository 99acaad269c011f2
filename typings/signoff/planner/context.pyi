from planner.context import *
