from planner.slots import *
