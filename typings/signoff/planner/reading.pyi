from planner.reading import *
