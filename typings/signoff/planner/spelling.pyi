from planner.spelling import *
