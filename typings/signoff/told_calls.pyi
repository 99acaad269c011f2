from app.told_calls import *
