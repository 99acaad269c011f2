from app.planners import *
