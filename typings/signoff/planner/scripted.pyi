from planner.scripted import *
