//! The phone's own Hold and Resume keys: whom they hold and take back, beside what the screen and a consult hold.

use super::stage::Stage;
use cordboard::contact::Press;

#[test]
fn a_resume_key_takes_back_whom_the_hold_key_holds_and_nobody_else() {
    let key = |s: &mut Stage, who, on| {
        let id = s.id(who);
        s.act(|call, cx| call.phone_hold(cx, id, on));
    };
    // In a consult: her, not the customer whom the consult holds.
    let mut s = Stage::consult();
    key(&mut s, "john", true);
    s.hears("customer:CustomerHold.wav(held) john:silence maria:YouAreOnHold.wav(held)");
    key(&mut s, "john", false);
    s.hears("customer:CustomerHold.wav(held) john:maria maria:john");
    // In a conference: all.
    s.press("john", Press::Join);
    key(&mut s, "john", true);
    s.hears("customer:CustomerHold.wav(held) john:silence maria:YouAreOnHold.wav(held)");
    key(&mut s, "john", false);
    s.hears("customer:john+maria john:customer+maria maria:customer+john");
    // Whom the screen has taken back and holds again is the screen's.
    key(&mut s, "john", true);
    s.press("john", Press::ResumeAll);
    s.press("john", Press::Hold(s.id("customer")));
    key(&mut s, "john", false);
    s.hears("customer:CustomerHold.wav(held) john:maria maria:john");
    // Nobody comes into a talk that has begun meanwhile.
    key(&mut s, "john", true);
    s.press("john", Press::Swap);
    key(&mut s, "john", false);
    s.hears("customer:john john:customer maria:YouAreOnHold.wav(held)");
    // Whom he held before he asked somebody else is held for that.
    let mut s = Stage::talking();
    key(&mut s, "john", true);
    s.press("john", Press::QuickConnect("maria".into()));
    key(&mut s, "john", false);
    s.hears("customer:CustomerHold.wav(held) john:TransferringToAgent.wav");
    // Unless he did so by another line: then either line's key holds its own.
    let mut s = Stage::talking();
    key(&mut s, "john", true);
    let line = s.act(|call, cx| call.second_line(cx, &"john".into(), &"maria".into())).unwrap();
    s.who.insert("john2", line);
    s.played("john2");
    s.offer("maria");
    s.answer("maria");
    s.played("maria");
    s.played("john2");
    key(&mut s, "john2", true);
    key(&mut s, "john", false);
    s.hears("customer:john john:customer john2:silence maria:YouAreOnHold.wav(held)");
    // A line that is put down takes nobody along.
    key(&mut s, "john", true);
    s.bye("john");
    key(&mut s, "john2", false);
    s.hears("customer:CustomerHold.wav(held) john2:maria maria:john2");
}
