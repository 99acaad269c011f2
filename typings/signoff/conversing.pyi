from app.conversing import *
