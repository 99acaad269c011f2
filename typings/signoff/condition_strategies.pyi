from app.condition_strategies import *
