use std::fmt;

/// What is done for a demo, in this order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Step {
    /// Giving a session its settings.
    SetUp,
    /// Taking the lock that lets one process use a demo at a time.
    Lock,
    /// Looking what databases there are.
    Look,
    /// Dropping a database that is not whole.
    Drop,
    /// Creating the database.
    Create,
    /// Writing as much as the demo will need, and giving it back.
    Reserve,
    /// Applying the migrations.
    Migrate,
    /// Writing customers.
    Customers,
    /// Writing orders.
    Orders,
    /// Writing the lines of orders.
    OrderLines,
    /// Writing payments.
    Payments,
    /// Changing rows as time would have, which the audit log remembers.
    History,
    /// Gathering the statistics that the planner wants.
    Analyze,
    /// Giving the database its name.
    Name,
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::SetUp => "setting a session up",
            Self::Lock => "taking the lock of the demo",
            Self::Look => "looking for databases",
            Self::Drop => "dropping a database that is not whole",
            Self::Create => "creating the database",
            Self::Reserve => "making sure that there is room",
            Self::Migrate => "applying the migrations",
            Self::Customers => "writing customers",
            Self::Orders => "writing orders",
            Self::OrderLines => "writing the lines of orders",
            Self::Payments => "writing payments",
            Self::History => "changing orders, payments and customers",
            Self::Analyze => "gathering statistics",
            Self::Name => "naming the database",
        })
    }
}
