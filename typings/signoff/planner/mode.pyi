from planner.mode import *
