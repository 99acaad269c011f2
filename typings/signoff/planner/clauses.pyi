from planner.clauses import *
