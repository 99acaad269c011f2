from app.deadlines import *
