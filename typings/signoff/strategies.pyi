from app.strategies import *
