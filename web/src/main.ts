import { mount } from "svelte";
import "./app.css";
import "./charts.css";
import Page from "./Page.svelte";
import { App } from "./state/app.svelte";

const app = new App();
void app.start();
mount(Page, { target: document.body, props: { app } });
