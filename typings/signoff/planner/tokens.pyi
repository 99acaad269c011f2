from planner.tokens import *
