//! Reading and writing proven on made-up messages, and against another reading of the RFCs.
