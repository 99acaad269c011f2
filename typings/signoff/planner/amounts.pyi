from planner.amounts import *
