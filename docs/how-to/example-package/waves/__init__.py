"""An activation, a task and a measure for rnnlab."""
