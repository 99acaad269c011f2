from planner.sampling import *
