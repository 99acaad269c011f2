from app.executor import *
