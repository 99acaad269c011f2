from app.telling import *
