from planner.grammar import *
