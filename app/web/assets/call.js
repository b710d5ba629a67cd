// call
