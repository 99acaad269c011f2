from app.deciding import *
