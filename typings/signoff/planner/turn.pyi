from planner.turn import *
