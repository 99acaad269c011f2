from app.opening import *
