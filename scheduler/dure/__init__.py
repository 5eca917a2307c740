"""The scheduler: fair shares, exact meters and bills for one room of shared machines."""
