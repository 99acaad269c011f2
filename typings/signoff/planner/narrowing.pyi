from planner.narrowing import *
