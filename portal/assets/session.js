// Shows the notice that the session is about to end, once it is. The clock is looked at again and again: a sleeping machine stops timers.
const notice = document.getElementById("ending");
const due = Date.now() + Number(notice.dataset.after) * 1000;

function look() {
  if (Date.now() >= due) {
    notice.hidden = false;
    clearInterval(timer);
  }
}

const timer = setInterval(look, 5000);
document.addEventListener("visibilitychange", look);
look();
