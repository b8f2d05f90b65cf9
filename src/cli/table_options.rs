//! The flags that choose what a profile's table shows; shared by `run`, `attach` and `report`.
