from planner.rules import *
