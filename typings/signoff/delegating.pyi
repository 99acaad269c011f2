from app.delegating import *
