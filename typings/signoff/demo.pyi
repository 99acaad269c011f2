from app.demo import *
