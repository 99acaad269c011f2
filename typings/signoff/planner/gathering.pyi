from planner.gathering import *
