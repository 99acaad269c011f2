from app.contexts import *
