from planner.vocabulary import *
