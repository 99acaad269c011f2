from planner.asking import *
