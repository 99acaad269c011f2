from app.turns import *
