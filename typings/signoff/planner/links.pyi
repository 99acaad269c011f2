from planner.links import *
