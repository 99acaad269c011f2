from planner.local import *
