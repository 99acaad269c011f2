from app.stepping import *
