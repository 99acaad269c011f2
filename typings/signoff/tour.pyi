from app.tour import *
