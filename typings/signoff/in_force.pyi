from app.in_force import *
