from planner.second_opinion import *
