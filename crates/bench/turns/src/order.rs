/// In which order so many peers have their turns: another one begins each round, and every other round goes backwards, so that nobody always follows the same one.
#[must_use]
pub fn order(round: usize, peers: usize) -> Vec<usize> {
    let mut order: Vec<usize> = (0..peers).map(|turn| (turn + round / 2) % peers).collect();
    if round % 2 == 1 {
        order.reverse();
    }
    order
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everybody_has_a_turn_in_each_round_and_comes_first_as_often_as_the_others() {
        let mut first = [0; 5];
        for round in 0..20 {
            let mut turns = order(round, 5);
            first[turns[0]] += 1;
            turns.sort_unstable();
            assert_eq!(turns, [0, 1, 2, 3, 4]);
        }
        assert_eq!(first, [4; 5]);
    }
}
