from app.working import *
