from app.rule_strategies import *
