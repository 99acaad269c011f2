from planner.form import *
